import type { BackendFile } from '@varve/backend'
import { type Flaw, flawed, flawedFiles, pause, withMethods } from './flaw.js'
import { concatenated, failed } from './reference-backend.js'

const KiB = 1024
const MiB = 1024 * KiB

// What goes wrong with the bytes of one file.

/** One buffer for every file, as a backend may have that wants to save memory. */
const scratch = new Uint8Array(64 * KiB)

export const flawsOfBytes: readonly Flaw[] = [
  flawedFiles('read/exact', 'reads on from where the last read ended', (file) => {
    let next = 0
    return {
      read: async (target) => {
        const count = await file.read(target, next)
        next += count
        return count
      },
    }
  }),
  flawedFiles('read/exact', 'reads whole words', (file) => ({ read: (target, position) => file.read(target, position - (position % 4)) })),
  flawedFiles('read/whole', 'reads 64 KiB at most', (file) => ({
    read: (target, position) => file.read(target.subarray(0, 64 * KiB), position),
  })),
  flawedFiles('read/end', 'counts the whole target at the end too', (file) => ({
    read: async (target, position) => {
      await file.read(target, position)
      return target.byteLength
    },
  })),
  flawedFiles('read/end', 'refuses to read at the end', (file) => ({
    read: async (target, position) => {
      const count = await file.read(target, position)
      if (count === 0) throw failed('IO', file.name)
      return count
    },
  })),
  flawedFiles('read/end', 'takes positions for 32-bit numbers', (file) => ({
    read: (target, position) => file.read(target, position >>> 0),
  })),
  flawedFiles('read/target', 'fills the buffer that the target is a part of', (file) => ({
    read: async (target, position) => {
      await file.read(new Uint8Array(target.buffer), position)
      return file.read(target, position)
    },
  })),
  flawedFiles('read/sync', 'counts the whole target at once', (file) => ({
    readSync: (target, position) => {
      file.readSync(target, position)
      return target.byteLength
    },
  })),
  flawedFiles('read/sync', 'reads one byte too many at once', (file) => ({
    readSync: (target, position) =>
      file.readSync(new Uint8Array(target.buffer, target.byteOffset, target.byteLength + 1), position) && file.readSync(target, position),
  })),
  flawedFiles('read/sync', 'reads promptly what is elsewhere', (file) => ({
    readIfPrompt: (target, position) => file.readSync(target, position + 1),
  })),
  flawed('read/sync', 'reads at once only what it created', (backend) => ({
    open: async (name) => withMethods<BackendFile>(await backend.open(name), { readSync: undefined }),
  })),

  flawedFiles('size/sync', 'remembers at once the size that it had when it was opened', (file) => {
    const size = file.content.bytes.byteLength
    return { sizeSync: () => size }
  }),
  flawed('size/sync', 'knows at once only the size of what it created', (backend) => ({
    open: async (name) => withMethods<BackendFile>(await backend.open(name), { sizeSync: undefined }),
  })),

  flawedFiles('append/order', 'writes the last chunk first', (file) => ({
    append: (chunks, position) => file.append([...chunks].reverse(), position),
  })),
  flawedFiles('append/order', 'stops at an empty chunk', (file) => ({
    append: (chunks, position) => {
      const empty = chunks.findIndex((chunk) => chunk.byteLength === 0)
      return file.append(empty < 0 ? chunks : chunks.slice(0, empty), position)
    },
  })),
  flawedFiles('append/order', 'takes 1000 chunks at most', (file) => ({
    append: (chunks, position) => file.append(chunks.slice(0, 1000), position),
  })),
  flawedFiles('append/views', 'writes the buffer that a chunk is a part of', (file) => ({
    append: (chunks, position) =>
      file.append(
        chunks.map((chunk) => new Uint8Array(chunk.buffer)),
        position,
      ),
  })),
  flawedFiles('append/end-only', 'appends at the end whatever position is asked', (file) => ({
    append: async (chunks) => file.append(chunks, await file.size()),
  })),
  flawedFiles('append/end-only', 'writes over what is there', (file) => ({
    append: async (chunks, position) => {
      const size = await file.size()
      if (position > size) return file.append(chunks, position)
      const { bytes } = file.content
      file.content.bytes = bytes.slice(0, position)
      await file.append(chunks, position)
      file.content.bytes = concatenated([file.content.bytes, bytes.subarray(file.content.bytes.byteLength)])
    },
  })),
  flawedFiles('append/end-only', 'leaves a hole before what it appends', (file) => ({
    append: async (chunks, position) => {
      const hole = position - (await file.size())
      return file.append(
        hole > 0 && hole < MiB ? [new Uint8Array(hole), ...chunks] : chunks,
        hole > 0 && hole < MiB ? position - hole : position,
      )
    },
  })),
  flawedFiles('append/end-only', 'writes before it finds that the position was wrong', (file) => ({
    append: async (chunks, position) => {
      const size = await file.size()
      await file.append(chunks, size)
      if (position !== size) throw failed('CONFLICT', file.name)
    },
  })),
  flawedFiles('append/end-only', 'knows no end but its own', (file) => {
    let end = file.content.bytes.byteLength
    return {
      append: async (chunks, position) => {
        if (position !== end) throw failed('CONFLICT', file.name)
        await file.append(chunks, await file.size())
        end = await file.size()
      },
      truncate: async (size) => {
        await file.truncate(size)
        end = size
      },
    }
  }),
  flawedFiles('append/continues', 'starts a file that was opened again at 0', (file) => {
    let end = 0
    return {
      append: async (chunks, position) => {
        if (position !== end) throw failed('CONFLICT', file.name)
        await file.append(chunks, position)
        end = await file.size()
      },
    }
  }),
  flawedFiles('append/visible', 'keeps what is appended until it syncs or closes', (file) => {
    let kept: Uint8Array[] = []
    const write = async () => {
      const chunks = kept
      kept = []
      await file.append(chunks, await file.size())
    }
    const length = () => kept.reduce((sum, chunk) => sum + chunk.byteLength, 0)
    return {
      size: async () => (await file.size()) + length(),
      append: async (chunks, position) => {
        if (position !== (await file.size()) + length()) throw failed('CONFLICT', file.name)
        kept.push(...chunks.map((chunk) => chunk.slice()))
      },
      sync: write,
      close: async () => {
        await write()
        await file.close()
      },
    }
  }),
  flawedFiles('append/chunks', 'takes the chunks out of the caller’s list', (file) => ({
    append: async (chunks, position) => {
      await file.append(chunks, position)
      ;(chunks as Uint8Array[]).length = 0
    },
  })),
  flawedFiles('append/chunks', 'puts its own chunks into the caller’s list', (file) => ({
    append: async (chunks, position) => {
      await file.append(chunks, position)
      ;(chunks as Uint8Array[])[1] = new Uint8Array(1)
    },
  })),
  flawedFiles('append/chunks', 'masks the chunks as it writes', (file) => ({
    append: async (chunks, position) => {
      await file.append(chunks, position)
      chunks.at(-1)?.fill(0)
    },
  })),
  flawedFiles('append/chunks', 'reads the chunks again when it syncs', (file) => {
    let last: readonly Uint8Array[] = []
    let start = 0
    return {
      append: async (chunks, position) => {
        await file.append(chunks, position)
        last = chunks.slice()
        start = position
      },
      sync: async () => {
        file.content.bytes = concatenated([file.content.bytes.subarray(0, start), ...last])
      },
    }
  }),
  flawedFiles('append/large', 'writes 16 MiB of a chunk at most', (file) => ({
    append: (chunks, position) =>
      file.append(
        chunks.map((chunk) => chunk.subarray(0, 16 * MiB)),
        position,
      ),
  })),
  flawedFiles('append/large', 'ends a call after 16 MiB', (file) => ({
    append: (chunks, position) => {
      let room = 16 * MiB
      const taken: Uint8Array[] = []
      for (const chunk of chunks) {
        taken.push(chunk.subarray(0, Math.max(0, room)))
        room -= chunk.byteLength
      }
      return file.append(taken, position)
    },
  })),

  flawedFiles('truncate/cuts', 'empties the file', (file) => ({ truncate: async (size) => file.truncate(Math.min(size, 0)) })),
  flawedFiles('truncate/cuts', 'cuts at whole pages', (file) => ({ truncate: (size) => file.truncate(size - (size % 4096)) })),
  flawedFiles('truncate/gone', 'only marks the end', (file) => {
    let cut: Uint8Array = new Uint8Array(0)
    return {
      truncate: async (size) => {
        cut = file.content.bytes.slice(size)
        return file.truncate(size)
      },
      append: async (chunks, position) => {
        await file.append(chunks, position)
        const written = file.content.bytes.byteLength - position
        if (cut.byteLength > written) file.content.bytes = concatenated([file.content.bytes, cut.subarray(written)])
      },
    }
  }),
  flawedFiles('truncate/bounds', 'extends with zeros', (file) => ({
    truncate: async (size) => {
      const missing = size - (await file.size())
      if (missing > 0 && missing < MiB) await file.append([new Uint8Array(missing)], size - missing)
      else await file.truncate(size)
    },
  })),
  flawedFiles('truncate/bounds', 'takes a negative size for 0', (file) => ({ truncate: (size) => file.truncate(Math.max(size, 0)) })),
  flawedFiles('truncate/bounds', 'rounds a size', (file) => ({ truncate: (size) => file.truncate(Math.trunc(size)) })),
  flawedFiles('truncate/visible', 'cuts its own view of the file', (file) => {
    let end = Number.POSITIVE_INFINITY
    return {
      size: async () => Math.min(end, await file.size()),
      read: (target, position) => file.read(target.subarray(0, Math.max(0, end - position)), position),
      truncate: async (size) => {
        end = size
      },
    }
  }),

  flawedFiles('sync/keeps', 'fills the last sector up', (file) => ({
    sync: async () => {
      const size = await file.size()
      await file.append([new Uint8Array((512 - (size % 512)) % 512)], size)
    },
  })),
  flawedFiles('sync/rewrites', 'writes again at the end', (file) => ({
    sync: async (from) => {
      const size = await file.size()
      if (from !== undefined) await file.append([file.content.bytes.slice(from)], size)
    },
  })),
  flawedFiles('sync/rewrites', 'writes one mebibyte again and ends the file there', (file) => ({
    sync: async (from) => {
      if (from !== undefined) await file.truncate(Math.min(from + MiB, await file.size()))
    },
  })),
  flawedFiles('sync/rewrites', 'writes again whole sectors from where it was asked to', (file) => ({
    sync: async (from) => {
      if (from === undefined) return
      const again = file.content.bytes.slice(from - (from % 512))
      file.content.bytes.set(again.subarray(0, file.content.bytes.byteLength - from), from)
    },
  })),

  flawedFiles('close/twice', 'refuses to close again', (file) => {
    let closed = false
    return {
      close: async () => {
        if (closed) throw failed('IO', file.name)
        closed = true
        await file.close()
      },
    }
  }),
  flawed('close/twice', 'closes whatever has its number by now', (backend) => {
    const open: (BackendFile | undefined)[] = []
    const numbered = (file: BackendFile) => {
      const free = open.indexOf(undefined)
      const number = free < 0 ? open.length : free
      open[number] = file
      const close = async () => {
        const current = open[number]
        open[number] = undefined
        await current?.close()
      }
      return withMethods(file, { close })
    }
    return { open: async (name) => numbered(await backend.open(name)), create: async (name) => numbered(await backend.create(name)) }
  }),
  flawedFiles('close/rejects', 'works on after close', () => ({ close: async () => {} })),
  flawedFiles('close/rejects', 'calls a closed file not found', (file) => ({
    size: () => file.size().catch(() => Promise.reject(failed('NOT_FOUND', file.name))),
  })),
  flawedFiles('close/rejects', 'reads at once after close', (file) => ({
    readSync: (target, position) => {
      target.set(file.content.bytes.subarray(position, position + target.byteLength))
      return target.byteLength
    },
  })),
  flawedFiles('close/rejects', 'reads promptly after close', (file) => ({
    readIfPrompt: (target, position) => {
      target.set(file.content.bytes.subarray(position, position + target.byteLength))
      return target.byteLength
    },
  })),
  flawedFiles('close/rejects', 'knows its size at once after close', (file) => ({ sizeSync: () => file.content.bytes.byteLength })),
  flawedFiles('close/rejects', 'has nothing to refuse where there is nothing to read', (file) => ({
    read: async (target, position) => (target.byteLength === 0 ? 0 : file.read(target, position)),
  })),
  flawedFiles('close/waits', 'fails the reads that are under way', (file) => ({
    read: async (target, position) => {
      await pause()
      return file.read(target, position)
    },
  })),
  flawedFiles('close/waits', 'drops the append that is under way', (file) => ({
    append: async (chunks, position) => {
      await pause()
      return file.append(chunks, position)
    },
  })),
  flawed('close/own', 'closes every handle of a file', (backend) => {
    const open = new Map<string, BackendFile[]>()
    const shared = (name: string, file: BackendFile) => {
      const handles = open.get(name) ?? []
      open.set(name, [...handles, file])
      return withMethods(file, { close: async () => void (await Promise.all(open.get(name)!.map((handle) => handle.close()))) })
    }
    return {
      open: async (name) => shared(name, await backend.open(name)),
      create: async (name) => shared(name, await backend.create(name)),
    }
  }),

  flawedFiles('overlap/reads', 'seeks, then reads', (file) => {
    let place = 0
    return {
      read: async (target, position) => {
        place = position
        await pause()
        return file.read(target, place)
      },
    }
  }),
  flawedFiles('overlap/files', 'gathers what it writes in one buffer for all files', (file) => ({
    append: async (chunks, position) => {
      const bytes = concatenated(chunks)
      if (bytes.byteLength > scratch.byteLength) return file.append([bytes], position)
      scratch.set(bytes)
      await pause()
      await file.append([scratch.slice(0, bytes.byteLength)], position)
    },
  })),
  flawedFiles('overlap/append', 'takes the file away while it appends', (file) => ({
    append: async (chunks, position) => {
      const { bytes } = file.content
      file.content.bytes = new Uint8Array(bytes.byteLength)
      await pause()
      file.content.bytes = bytes
      await file.append(chunks, position)
    },
  })),
]
