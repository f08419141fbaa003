// The few things of a browser that this package uses, so that it is built without the types of a page in reach of code that runs in a worker.

/** An open file that is read and written at once; nobody else has one on that file. */
export interface SyncAccessHandle {
  read(target: Uint8Array, options: { readonly at: number }): number
  write(source: Uint8Array, options: { readonly at: number }): number
  truncate(size: number): void
  getSize(): number
  flush(): void
  close(): void
}

/** A file as it was when it was looked at. */
interface FileSnapshot {
  readonly size: number
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> }
}

export interface FileHandle {
  readonly kind: 'file'
  getFile(): Promise<FileSnapshot>
  /** Only in a dedicated worker. */
  createSyncAccessHandle?(): Promise<SyncAccessHandle>
  /** Within its directory. In no standard yet, but in every browser. */
  move?(name: string): Promise<void>
}

export interface DirectoryHandle {
  readonly kind: 'directory'
  getFileHandle(name: string, options: { readonly create: boolean }): Promise<FileHandle>
  getDirectoryHandle(name: string, options: { readonly create: boolean }): Promise<DirectoryHandle>
  removeEntry(name: string): Promise<void>
  entries(): AsyncIterable<readonly [string, FileHandle | DirectoryHandle]>
}

export interface LockManager {
  request<T>(
    name: string,
    options: { readonly mode: 'exclusive' | 'shared'; readonly ifAvailable?: boolean },
    callback: (lock: object | null) => Promise<T>,
  ): Promise<T>
  query(): Promise<{ readonly held?: readonly { readonly name?: string; readonly clientId?: string }[] }>
}

export interface StorageManager {
  getDirectory(): Promise<DirectoryHandle>
  estimate(): Promise<{ readonly usage?: number; readonly quota?: number }>
  persisted(): Promise<boolean>
  /** Only on a page. */
  persist?(): Promise<boolean>
}

interface Navigator {
  readonly storage?: StorageManager
  readonly locks?: LockManager
}

/** What a worker and a page talk through: a `Worker`, or a worker's own global scope. */
export interface MessageEndpoint {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void
  addEventListener(type: 'message' | 'error', listener: (event: { readonly data?: unknown; readonly message?: string }) => void): void
}

/** The browser's, or an empty one where there is none. */
export const webNavigator: Navigator = (globalThis as { readonly navigator?: Navigator }).navigator ?? {}
