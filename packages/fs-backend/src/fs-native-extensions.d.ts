// The package has no types of its own. Only what is used of it stands here.
declare module 'fs-native-extensions' {
  /** Whether the lock was granted; throws where there is no such lock. */
  export function tryLock(fd: number, offset: number, length: number): boolean
}
