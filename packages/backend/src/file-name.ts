import { BackendError } from './backend-error.js'

// `.lock…` is left to the backends: a lock that is a file has to be called something.
const fileName = /^(?!\.lock)[A-Za-z0-9._-]{1,255}$/

/** Whether `name` is one that the contract allows, see {@link FileBackend}. */
export function isFileName(name: string): boolean {
  return fileName.test(name) && name !== '.' && name !== '..'
}

/** Throws `UNSUPPORTED` for a name that the contract doesn't allow, so none reaches outside the container. `where` is the backend's `description`. */
export function assertFileName(name: string, where: string): void {
  if (!isFileName(name)) throw new BackendError('UNSUPPORTED', `${where}: ${JSON.stringify(name)} is not a file name that a backend serves`)
}
