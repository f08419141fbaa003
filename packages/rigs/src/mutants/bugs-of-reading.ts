import type { Mutant } from './mutant.js'
import { rigs } from './rigs.js'

const reader = 'packages/core/src/read/reader.ts'

/** Mistakes on the way from a location to its bytes. */
export const bugsOfReading: readonly Mutant[] = [
  {
    name: 'reads without the checksum',
    why: 'damaged bytes are served',
    file: reader,
    find: 'if (isThere && (head || isRecordIntact(record, 0, size, this.#storeSeed))) return record',
    replace: 'if (isThere) return record',
    rigs: [rigs.read],
  },
  {
    name: 'reads at once without the checksum',
    why: 'damaged bytes are served by readSync',
    file: reader,
    find: 'if (isThere && isRecordIntact(record, 0, location.size, this.#storeSeed))',
    replace: 'if (isThere)',
    rigs: ['packages/core/test/read-sync'],
  },
  {
    name: 'reads from the cache without the checksum',
    why: 'damaged bytes are served that lie in a page which was taken in',
    file: 'packages/core/src/read/page-cache.ts',
    find: ' || !isRecordIntact(chunk, at, size, this.#storeSeed)',
    replace: '',
    rigs: ['packages/core/test/read/page-cache'],
  },
  {
    name: 'scans without the checksum over many records',
    why: 'damaged bytes are shown by a scan where none of their neighbours is cut short',
    file: 'packages/core/src/read/decode-records.ts',
    find: '  if (platform.crc32(bytes, 0, run.at, at) !== joint) return undefined\n',
    replace: '',
    rigs: [rigs.scan],
  },
  {
    name: 'scans without the checksum',
    why: 'damaged bytes are shown by a scan',
    file: 'packages/core/src/read/decode-records.ts',
    find: "    if (state === 'damaged') return result(true)\n    if (state === 'intact') {",
    replace: '    {',
    rigs: [rigs.scan],
  },
  {
    name: 'serves what the failed store lost',
    why: 'bytes are read whose sync has failed, though they may never be there again',
    file: reader,
    find: '    if (lost) throw lost\n',
    replace: '',
    rigs: [rigs.read, rigs.fatalFailures],
  },
  {
    name: 'serves a transaction that is not durable',
    why: 'a location that was not given out yet reads as an item',
    file: reader,
    find: '    if (!block.visible) return undefined\n',
    replace: '',
    rigs: [rigs.transactions],
  },
  {
    name: 'hands out its own memory',
    why: 'a caller that changes what it read changes what is written',
    file: reader,
    find: '    const item = platform.allocateItem(size)\n',
    replace: '    const item = new Uint8Array(found.bytes.buffer, found.bytes.byteOffset + found.at + RECORD_HEADER_BYTES, size)\n',
    rigs: [rigs.buffers, rigs.read],
  },
  {
    name: 'scans what is not durable',
    why: 'a crash gives the sequences away again that a scan has shown',
    file: 'packages/core/src/session/writable-session.ts',
    find: '    return this.writer.durability.frontier\n',
    replace: '    return this.writer.flusher.shown\n',
    rigs: [rigs.model, rigs.scan],
  },
  {
    name: 'follows into a file that was never used',
    why: 'where its writer crashed the file goes again, and what comes behind in the one before it is never shown',
    file: 'packages/core/src/session/readable-session.ts',
    find: 'if (await this.files.isUsed(next)) {',
    replace: 'if (await this.files.exists(next)) {',
    rigs: [rigs.follow],
  },
  {
    name: 'believes the first look at a header',
    why: 'a file that its writer is just making is taken for damaged',
    file: 'packages/core/src/read/file-opener.ts',
    find: 'const LOOKS = 3',
    replace: 'const LOOKS = 1',
    rigs: [rigs.readOnly],
  },
  {
    name: 'answers with what an earlier opening found',
    why: 'a read is told of an error, or that there is nothing, from before it was asked for',
    file: 'packages/core/src/read/file-set.ts',
    find: 'const isAnswer = isFresh || !underWay',
    replace: 'const isAnswer = isFresh || underWay !== null',
    rigs: [rigs.openFiles],
  },
]
