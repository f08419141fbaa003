import { unpackTar } from 'modern-tar'
import { describe, expect, it } from 'vitest'
import { ExitCode } from '../../src/exit-code.js'
import { run } from '../../src/program.js'
import { CapturedOutput } from '../captured-output.js'
import { jsonLines, testContext, varve } from '../run-varve.js'
import { flipBit, sampleStore } from '../sample-store.js'

interface Listed {
  readonly location: string
  readonly sequence: number
  readonly timestamp: number
  readonly size: number
}

async function sequences(...args: string[]): Promise<number[]> {
  const { exitCode, out } = await varve('list', ...args, '--json')
  expect(exitCode).toBe(ExitCode.fine)
  return jsonLines<Listed>(out).map(({ sequence }) => sequence)
}

describe('varve list', () => {
  it('prints a line for each item, in the order of adding', async () => {
    const { path } = await sampleStore(['one', 'three'])
    const { exitCode, out, err } = await varve('list', path)
    expect([exitCode, err]).toEqual([ExitCode.fine, ''])
    const now = new Date().toISOString().slice(0, 11)
    expect(out.split('\n').map((line) => line.split(/\s+/))).toEqual([
      ['0:44:3', '0', expect.stringContaining(now), '3'],
      ['0:99:5', '1', expect.stringContaining(now), '5'],
      [''],
    ])
  })

  it('prints the same as JSON', async () => {
    const { path } = await sampleStore(['one', 'three'])
    const { out } = await varve('list', path, '--json')
    expect(jsonLines(out)).toEqual([
      { location: '0:44:3', sequence: 0, timestamp: expect.any(Number), size: 3 },
      { location: '0:99:5', sequence: 1, timestamp: expect.any(Number), size: 5 },
    ])
  })

  it('begins and ends where it is told, by location, sequence and time', async () => {
    const { path, locations } = await sampleStore(['a', 'b', 'c', 'd', 'e'])
    const third = `0:${locations[2]?.position}:1`
    expect(await sequences(path, '--from', third)).toEqual([2, 3, 4])
    expect(await sequences(path, '--to', third)).toEqual([0, 1])
    expect(await sequences(path, '--from', '1', '--limit', '2')).toEqual([1, 2])
    expect(await sequences(path, '--reverse', '--limit', '2')).toEqual([4, 3])
    expect(await sequences(path, '--limit', '0')).toEqual([])
    expect(await sequences(path, '--from', '1h')).toEqual([0, 1, 2, 3, 4])
    expect(await sequences(path, '--to', '1h')).toEqual([])
    expect(await sequences(path, '--to', '2020-01-31')).toEqual([])
    expect(await sequences(path, '--from', '2020-01-31T12:00Z')).toEqual([0, 1, 2, 3, 4])
  })

  it.each(['yesterday', '30', '0:1:99999999999', '31.1.2020'])('takes %j for a place, a number, or misuse', async (point) => {
    const { path } = await sampleStore(['a'])
    const { exitCode, err } = await varve('list', path, '--from', point)
    if (point === '30') expect(exitCode).toBe(ExitCode.fine)
    else expect([exitCode, err]).toEqual([ExitCode.usage, expect.stringContaining('It is a location, a sequence, a time')])
  })

  it('has a head in colour on a terminal, unless NO_COLOR is set', async () => {
    const { path } = await sampleStore(['one'])
    const out = new CapturedOutput({ isTTY: true })
    await run(['list', path], testContext({ out }))
    expect(out.text).toMatch(/^.*location +sequence +time +size/)
  })

  it('says where there is no store', async () => {
    expect(await varve('list', '/nowhere')).toEqual({
      exitCode: ExitCode.notFound,
      out: '',
      err: 'error: there is no store in /nowhere; varve add /nowhere FILE makes one\n',
    })
    expect(await varve('list', import.meta.filename)).toMatchObject({
      exitCode: ExitCode.usage,
      err: expect.stringContaining('is not a directory; a store is the directory that holds its data files'),
    })
  })
})

describe('varve scan', () => {
  it('prints the bytes alone, or with what is to stand behind each', async () => {
    const { path } = await sampleStore(['one', 'two'])
    expect((await varve('scan', path)).out).toBe('onetwo')
    expect((await varve('scan', path, '--lines')).out).toBe('one\ntwo\n')
    expect((await varve('scan', path, '--nul', '--reverse')).out).toBe('two\0one\0')
  })

  it('prints JSON with the bytes in base64', async () => {
    const { path } = await sampleStore(['one'])
    const expected = [
      { location: '0:44:3', sequence: 0, timestamp: expect.any(Number), size: 3, data: Buffer.from('one').toString('base64') },
    ]
    expect(jsonLines((await varve('scan', path, '--format', 'jsonl')).out)).toEqual(expected)
    expect(jsonLines((await varve('scan', path, '--json')).out)).toEqual(expected)
  })

  it('prints location and bytes in hexadecimal', async () => {
    const { path } = await sampleStore(['one', 'two'])
    expect((await varve('scan', path, '--format', 'hex')).out).toBe('0:44:3 6f6e65\n0:99:3 74776f\n')
  })

  it('prints an archive of a file for each item', async () => {
    const items = ['one', 'x'.repeat(600), 'three']
    const { path } = await sampleStore(items)
    const chunks: Buffer[] = []
    const out = new CapturedOutput({ onChunk: (chunk) => chunks.push(Buffer.from(chunk)) })
    expect(await run(['scan', path, '--format', 'tar'], testContext({ out }))).toBe(ExitCode.fine)
    const entries = await unpackTar(Buffer.concat(chunks), { strict: true })
    expect(entries.map(({ header: { name }, data }) => [name, Buffer.from(data as Uint8Array).toString()])).toEqual([
      ['000000000000.item', items[0]],
      ['000000000001.item', items[1]],
      ['000000000002.item', items[2]],
    ])
    const [{ timestamp } = expect.fail('no item')] = jsonLines<Listed>((await varve('list', path, '--json')).out)
    expect(entries[0]?.header.mtime).toEqual(new Date(Math.floor(timestamp / 1000) * 1000))
  })

  it('ends at damage, or goes on behind it and says what there was', async () => {
    const { path, locations } = await sampleStore(['one', 'two', 'three'])
    await flipBit(path, locations[1]?.position as number)
    expect(await varve('scan', path, '--lines')).toMatchObject({ exitCode: ExitCode.damage, err: expect.stringMatching(/^error: .+\n$/) })
    expect(await varve('scan', path, '--lines', '--salvage')).toEqual({
      exitCode: ExitCode.damage,
      out: 'one\nthree\n',
      err: expect.stringMatching(
        /^data00000\.dat at 99, 11 bytes: record: .+; item 1 is lost\nerror: 1 damaged place left out; varve repair/,
      ),
    })
  })

  it('stops without a word where the reader goes away', async () => {
    const { path } = await sampleStore(Array.from({ length: 50 }, () => 'x'.repeat(10_000)))
    for (const format of ['raw', 'tar']) {
      const gone = new AbortController()
      let pieces = 0
      const out = new CapturedOutput({
        onChunk: () => {
          if (++pieces === 2) gone.abort(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
        },
      })
      const err = new CapturedOutput()
      expect(await run(['scan', path, '--format', format], testContext({ out, err, readerGone: gone.signal }))).toBe(ExitCode.fine)
      expect([pieces, err.text]).toEqual([2, ''])
    }
  })

  it('fails where what it prints can not be written', async () => {
    const { path } = await sampleStore(['one'])
    const readerGone = AbortSignal.abort(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }))
    const err = new CapturedOutput()
    expect(await run(['scan', path], testContext({ err, readerGone }))).toBe(ExitCode.failed)
    expect(err.text).toBe("error: standard output can't be written: ENOSPC: no space left on device, write\n")
  })

  it('waits for a reader who is slow', async () => {
    const { path } = await sampleStore(Array.from({ length: 5 }, (_, n) => String(n).repeat(100_000)))
    const out = new CapturedOutput({ slow: true })
    expect(await run(['scan', path], testContext({ out }))).toBe(ExitCode.fine)
    expect(out.text).toBe(Array.from({ length: 5 }, (_, n) => String(n).repeat(100_000)).join(''))
    expect(out.mostWaiting).toBeLessThan(200_000)
  })
})
