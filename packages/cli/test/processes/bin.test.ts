import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { beforeAll, describe, expect, it } from 'vitest'
import { manyFiles, sampleTree, temporaryDirectory } from '../sample-tree.js'

const bin = fileURLToPath(new URL('../../dist/bin.js', import.meta.url))

beforeAll(() => {
  if (!existsSync(bin)) throw new Error('the command is not built: npm run build')
})

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

/** Runs the built command in a process of its own, with `temporary` for the system's temporary directory; `onWord` is called at its first word. */
function varve(args: string[], temporary: string, onWord?: (child: ChildProcess) => void): Promise<Ended> {
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TMPDIR: temporary } })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  child.stderr.once('data', () => onWord?.(child))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, out, err }))
  })
}

describe('the command in a process of its own', () => {
  it('takes a directory there and back and leaves nothing behind', async () => {
    const temporary = await temporaryDirectory()
    const { code, out } = await varve(['roundtrip', await sampleTree(manyFiles(50)), '--json'], temporary)
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ items: 50, readBack: { items: 50 } })
    expect(await readdir(temporary)).toEqual([])
  })

  it('exits with the code of its error', async () => {
    const temporary = await temporaryDirectory()
    expect(await varve(['roundtrip', `${temporary}/nowhere`], temporary)).toMatchObject({ code: 5, out: '' })
    expect(await varve(['nothing'], temporary)).toMatchObject({ code: 2, out: '' })
  })

  it('says who holds the store where another process does', async () => {
    const directory = await temporaryDirectory()
    await using store = await Varve.open(fsBackend(`${directory}/store`))
    const { code, err } = await varve(['roundtrip', await sampleTree({ a: 'x' }), '--store', `${directory}/store`], directory)
    expect(store.state).toBe('running')
    expect(code).toBe(4)
    expect(err).toMatch(new RegExp(`error: .*\\b${process.pid}\\b.*\n$`))
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('puts things in order on %s and then ends by it', async (name) => {
    const temporary = await temporaryDirectory()
    const { signal, out } = await varve(['roundtrip', await sampleTree(manyFiles(600))], temporary, (child) => child.kill(name))
    expect([signal, out]).toEqual([name, ''])
    expect(await readdir(temporary)).toEqual([])
  })
})
