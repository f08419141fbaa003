import type { Mutant } from './mutant.js'
import { rigs } from './rigs.js'

const maintenance = 'packages/core/src/maintain/maintenance.ts'
const rewriteFile = 'packages/core/src/maintain/rewrite-file.ts'
const fileSet = 'packages/core/src/read/file-set.ts'

/** Mistakes in trims and drops. */
export const bugsOfRemoval: readonly Mutant[] = [
  {
    name: 'uses positions again after rtrim',
    why: 'a new item stands where a removed one stood, and an old location reads as it',
    file: maintenance,
    find: "if (side === 'right' || before.right.items === 0) await",
    replace: 'if (before.right.items === 0) await',
    rigs: [rigs.model, rigs.removals],
  },
  {
    name: 'uses the index of a dropped file again',
    why: 'a new item stands in a file of the same name',
    file: maintenance,
    find: '      await this.#parts.writer.leaveFile(index)\n',
    replace: '',
    rigs: [rigs.powerLoss],
  },
  {
    name: 'leaves no stub',
    why: 'a dropped file between others can not be told from a lost one',
    file: maintenance,
    find: '    if (index > this.#lowest) {',
    replace: '    if (index < this.#lowest) {',
    rigs: [rigs.files],
  },
  {
    name: 'does not remove stubs that come to stand first',
    why: 'a stub that nothing needs is left for ever',
    file: maintenance,
    find: '(await files.with(first.index, async (open) => open.header.dropped))',
    replace: '!files',
    rigs: [rigs.files],
  },
  {
    name: 'does not sync what replaces a file',
    why: 'the new name may be durable before the bytes are, and the old file is gone',
    file: rewriteFile,
    find: '    await file.sync()\n',
    replace: '',
    rigs: [rigs.powerLoss],
  },
  {
    name: 'keeps the sequence of a trimmed block',
    why: 'the items left by ltrim are counted from the ones removed',
    file: rewriteFile,
    find: '      count: block.header.count - before,\n      sequence,\n',
    replace: '      count: block.header.count - before,\n',
    rigs: [rigs.model, rigs.powerLoss],
  },
  {
    name: 'keeps the count of a trimmed block',
    why: 'the split block is not valid any more',
    file: rewriteFile,
    find: 'continues: false, length, count: before, digest',
    replace: 'continues: false, length, digest',
    rigs: [rigs.powerLoss, rigs.model],
  },
  {
    name: 'carries the sequence on from what rtrim left',
    why: 'the sequences of removed items are given away again',
    file: rewriteFile,
    find: 'yield encodeBlockHeader(closing(position, endSequence, lastTime, storeSeed)',
    replace: 'yield encodeBlockHeader(closing(position, boundary.sequence, lastTime, storeSeed)',
    rigs: [rigs.removals],
  },
  {
    name: 'does not look at the bytes expected',
    why: 'a trim removes something else than its caller meant',
    file: maintenance,
    find: 'edge.every((byte, at) => byte === expect[at])',
    replace: 'expect !== undefined',
    rigs: [rigs.removals],
  },
  {
    name: 'does not wait for readers before it replaces',
    why: 'a read under way meets a closed file, or another one',
    file: fileSet,
    find: '    if (open.users > 0) await new Promise<void>((resolve) => void (open.whenUnused = resolve))\n',
    replace: '',
    rigs: [rigs.removals],
  },
  {
    name: 'lets readers in while it replaces',
    why: 'a reader opens the file that is about to go',
    file: fileSet,
    find: '    this.#exclusive.set(index, new Promise<void>((resolve) => void (done = resolve)))\n',
    replace: '    await new Promise<void>((resolve) => void (done = resolve, resolve()))\n',
    rigs: [rigs.removals],
  },
  {
    name: 'takes what a failed trim left for done',
    why: 'another try finds nothing left to remove, is told that it is done, and a power loss brings it back',
    file: maintenance,
    find: '      if (!isUnchanged) this.#doubtful.add(index)\n',
    replace: '',
    rigs: [rigs.trimFaults],
  },
  {
    name: 'destroys from the last file on',
    why: 'a store whose destruction was interrupted opens, and gives its last items’ places to others',
    file: 'packages/core/src/maintain/destroy-store.ts',
    find: '...indexes.map((index)',
    replace: '...[...indexes].reverse().map((index)',
    rigs: [rigs.destroy],
  },
  {
    name: 'goes on with a copy that a failed sync may have lost',
    why: 'the next sync succeeds, and the copy that is called done is not durable',
    file: 'packages/core/src/copy/copy-file.ts',
    find: '  await proveEnd(there, verdict)\n',
    replace: '  await there.file.sync()\n',
    rigs: [rigs.copies],
  },
]
