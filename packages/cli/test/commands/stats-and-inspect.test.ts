import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { describe, expect, it } from 'vitest'
import { ExitCode } from '../../src/exit-code.js'
import { jsonLines, varve } from '../run-varve.js'
import { flipBit, sampleStore } from '../sample-store.js'

describe('varve stats', () => {
  it('says what a store holds, as JSON', async () => {
    const before = Date.now()
    const { path } = await sampleStore(['a', 'bb', 'x'.repeat(5), 'y'.repeat(3000)])
    const { exitCode, out } = await varve('stats', path, '--json')
    expect(exitCode).toBe(ExitCode.fine)
    const stats = JSON.parse(out)
    expect(stats).toEqual({
      files: 1,
      firstIndex: 0,
      lastIndex: 0,
      bytes: 64 + 4 * 52 + 3008 + 44,
      firstSequence: 0,
      nextSequence: 4,
      isClean: true,
      lock: null,
      items: {
        count: 4,
        bytes: 3008,
        oldest: expect.any(Number),
        newest: expect.any(Number),
        sizes: [
          { from: 1, to: 4, items: 2, bytes: 3 },
          { from: 4, to: 16, items: 1, bytes: 5 },
          { from: 16, to: 64, items: 0, bytes: 0 },
          { from: 64, to: 256, items: 0, bytes: 0 },
          { from: 256, to: 1024, items: 0, bytes: 0 },
          { from: 1024, to: 4096, items: 1, bytes: 3000 },
        ],
        damages: 0,
      },
    })
    expect(stats.items.oldest).toBeGreaterThanOrEqual(before)
    expect(stats.items.newest).toBeGreaterThanOrEqual(stats.items.oldest)
  })

  it('says it for people', async () => {
    const { path } = await sampleStore(['a', 'x'.repeat(5)])
    const { out } = await varve('stats', path)
    for (const told of [
      /data files │ 1 \(0 to 0\)/,
      /state +│ clean/,
      /lock +│ nobody holds it/,
      /items +│ 2, 6 B/,
      /newest .+ ago/,
      /1 B to 4 B +│ +1 │ +1 B │ █+/,
    ])
      expect(out).toMatch(told)
  })

  it('says who is writing to it, and leaves them alone', async () => {
    const { path } = await sampleStore(['a'])
    await using store = await Varve.open(fsBackend(path))
    const { lock } = JSON.parse((await varve('stats', path, '--quick', '--json')).out)
    expect(lock).toContain(`of process ${process.pid} on `)
    expect((await varve('stats', path)).out).toMatch(/state +│ being written to/)
    await store.add(Buffer.from('b'), { durable: true })
  })

  it('tells a store that was not stopped properly', async () => {
    const { path } = await sampleStore(['a'])
    const file = join(path, 'data00000.dat')
    await truncate(file, (await readFile(file)).length - 44)
    const { out } = await varve('stats', path, '--quick', '--json')
    expect(JSON.parse(out)).toMatchObject({ isClean: false, nextSequence: 1 })
    expect(JSON.parse(out)).not.toHaveProperty('items')
    expect((await varve('stats', path)).out).toContain('not stopped properly: the next start recovers it')
  })

  it('counts damage', async () => {
    const { path } = await sampleStore(['a', 'b', 'c'])
    await flipBit(path, 0, { behind: 0 })
    expect(JSON.parse((await varve('stats', path, '--json')).out).items).toMatchObject({ damages: 1 })
    expect((await varve('stats', path)).out).toMatch(/damage +│ 1 place; varve verify names them/)
  })
})

describe('varve inspect', () => {
  it('shows the header of every file', async () => {
    const { path } = await sampleStore(['x'.repeat(700), 'y'.repeat(700)], { maxFileSize: 1024 })
    const { exitCode, out } = await varve('inspect', path, '--json')
    expect(exitCode).toBe(ExitCode.fine)
    const header = {
      kind: 'file-header',
      offset: 0,
      storeId: expect.stringMatching(/^[0-9a-f]{32}$/),
      genesis: '56415256',
      trimOffset: 0,
      dropped: false,
      lost: false,
      ended: false,
    }
    expect(jsonLines(out)).toEqual([
      { ...header, file: 'data00000.dat', index: 0, sequence: 0, groupStart: { index: 0, position: 0 } },
      { ...header, file: 'data00001.dat', index: 1, sequence: 1, groupStart: { index: 1, position: 0 } },
    ])
    expect((await varve('inspect', path)).out).toMatch(/^data00000\.dat\n +0 +file header: file 0 of store .+\ndata00001\.dat\n/)
  })

  it('shows what a file holds, in order', async () => {
    const { path } = await sampleStore(['one', 'three'])
    const { out } = await varve('inspect', path, '0', '--json')
    const block = {
      kind: 'block',
      continues: false,
      close: false,
      losses: false,
      count: 1,
      timestamp: expect.any(Number),
      digest: expect.any(Number),
    }
    const record = { kind: 'record', checksum: expect.any(Number), state: 'intact' }
    expect(jsonLines(out)).toEqual([
      expect.objectContaining({ kind: 'file-header', offset: 0, index: 0 }),
      { ...block, offset: 64, position: 0, group: 0, length: 11, sequence: 0, durablePosition: 0 },
      { ...record, offset: 108, location: '0:44:3', sequence: 0 },
      { ...block, offset: 119, position: 55, group: 1, length: 13, sequence: 1, durablePosition: 55 },
      { ...record, offset: 163, location: '0:99:5', sequence: 1 },
      { ...block, offset: 176, position: 112, group: 2, close: true, count: 0, length: 0, sequence: 2, durablePosition: 112 },
    ])
    const { out: text } = await varve('inspect', path, '0', '--no-records')
    expect(text.match(/block/g)).toHaveLength(3)
    expect(text).not.toContain('record')
    expect((await varve('inspect', path, '0')).out).toMatch(/ 108 +44 {2}record 0:44:3: item 0, intact\n/)
  })

  it('shows what is damaged, torn or no block at all, and goes on behind it', async () => {
    const { path, locations } = await sampleStore(['one', 'two', 'three'])
    const file = join(path, 'data00000.dat')
    await flipBit(path, locations[0]?.position as number)
    await flipBit(path, (locations[1]?.position as number) - 44, { behind: 0 })
    const bytes = await readFile(file)
    await writeFile(file, Buffer.concat([bytes, Buffer.alloc(100), Buffer.from('rubbish')]))
    const { out } = await varve('inspect', path, '0', '--json')
    expect(jsonLines(out).map(({ kind, state, length, offset }) => [kind, offset, state ?? length])).toEqual([
      ['file-header', 0, undefined],
      ['block', 64, 11],
      ['record', 108, 'damaged'],
      ['unknown', 119, 55],
      ['block', 174, 13],
      ['record', 218, 'intact'],
      ['block', 231, 0],
      ['unknown', 275, 107],
    ])
    await writeFile(file, Buffer.concat([bytes, Buffer.alloc(100)]))
    expect((await varve('inspect', path, '0')).out).toMatch(/275 +211 {2}100 zero bytes\n$/)
    await writeFile(file, bytes.subarray(0, 220))
    expect((await varve('inspect', path, '0')).out).toMatch(
      /block: 1 item from 2 on, 13 bytes.*\n.* 2 bytes that are no block or record\n$/,
    )
    await writeFile(file, bytes.subarray(0, 228))
    expect((await varve('inspect', path, '0')).out).toMatch(/record 0:154:5: item 2, torn\n$/)
  })

  it('goes by the header of another file where the one there is damaged', async () => {
    const { path } = await sampleStore(['x'.repeat(700), 'y'.repeat(700)], { maxFileSize: 1024 })
    const file = join(path, 'data00000.dat')
    const bytes = await readFile(file)
    bytes[20]! ^= 1
    await writeFile(file, bytes)
    const { out } = await varve('inspect', path, '0', '--json')
    expect(jsonLines(out)).toMatchObject([
      { kind: 'damaged-file-header', fault: 'checksum' },
      { kind: 'block' },
      { kind: 'record', state: 'intact' },
      { kind: 'block' },
    ])
  })

  it('shows that a group goes on', async () => {
    const { path } = await sampleStore(['first'], { maxFileSize: 1024 })
    {
      await using store = await Varve.open(fsBackend(path), { maxFileSize: 1024 })
      const transaction = store.transaction()
      for (let n = 0; n < 3; n++) transaction.add(Buffer.alloc(500, n))
      await transaction.commit()
    }
    expect((await varve('inspect', path, '0')).out).toMatch(/group \d, which goes on/)
    expect((await varve('inspect', path, '1')).out).toMatch(/in a group since 0:\d+/)
  })

  it('says where there is no such file', async () => {
    const { path } = await sampleStore(['one'])
    expect(await varve('inspect', path, '3')).toMatchObject({
      exitCode: ExitCode.notFound,
      err: expect.stringContaining('has no data file 3; those that are there are from 0 to 0'),
    })
  })
})
