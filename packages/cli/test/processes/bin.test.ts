import type { ChildProcess } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { describe, expect, it } from 'vitest'
import { flipBit, sampleStore } from '../sample-store.js'
import { manyFiles, sampleTree, temporaryDirectory } from '../sample-tree.js'
import { bin, type Ended, start } from './spawn-varve.js'

/** Runs the built command with `temporary` for the system's temporary directory; `onWord` is called at its first word. */
function varve(args: string[], temporary: string, onWord?: (child: ChildProcess) => void): Promise<Ended> {
  const { child, ended } = start(process.execPath, [bin, ...args], { TMPDIR: temporary })
  child.stderr?.once('data', () => onWord?.(child))
  return ended
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
    const { path, locations } = await sampleStore(['one', 'two'])
    await flipBit(path, locations[0]?.position as number)
    expect(await varve(['verify', path, '--json'], temporary)).toMatchObject({
      code: 3,
      out: expect.stringMatching(/^\{"isIntact":false,.+\}\n$/),
    })
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
