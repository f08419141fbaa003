import { MiB } from '../options.js'
import { FileWindow } from '../read/file-window.js'
import type { OpenFile } from '../read/open-file.js'

/** A window that says where it is before every read. What it is told may throw, to give up. */
export class WatchedWindow extends FileWindow {
  readonly #onRead: (open: OpenFile, position: number) => void

  constructor(open: OpenFile, onRead: (open: OpenFile, position: number) => void) {
    super(open, MiB)
    this.#onRead = onRead
  }

  override load(position: number, least: number): Promise<boolean> {
    this.#onRead(this.open, position)
    return super.load(position, least)
  }
}
