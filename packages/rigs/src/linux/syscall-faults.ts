/** A kind of call to the kernel that a store makes, by the names that it has on one architecture or another. */
export interface Call {
  readonly name: string
  readonly syscalls: readonly string[]
  readonly faults: readonly SyscallFault[]
}

/** What becomes of a call. */
export interface SyscallFault {
  readonly name: string
  /** As `strace -e inject=` has it. */
  readonly tampering: string
  /** Every call from the n-th on, not the n-th alone. */
  readonly fromThenOn?: true
}

const fail = (errno: string): SyscallFault => ({ name: errno, tampering: `error=${errno}` })
const failFromThenOn = (errno: string): SyscallFault => ({ name: `${errno} from then on`, tampering: `error=${errno}`, fromThenOn: true })
// In microseconds: longer than everything else that the program does meanwhile.
const delayed: SyscallFault = { name: 'delay', tampering: 'delay_enter=30000' }
/** The process is killed as it enters the call, which never happens. */
const killed: SyscallFault = { name: 'SIGKILL', tampering: 'signal=SIGKILL' }

/** Each call with the errors that fit it. */
export const calls: readonly Call[] = [
  {
    name: 'write',
    syscalls: ['pwrite64', 'pwritev', 'pwritev2'],
    faults: [fail('EIO'), fail('ENOSPC'), fail('EDQUOT'), failFromThenOn('ENOSPC'), delayed, killed],
  },
  {
    name: 'sync',
    syscalls: ['fdatasync', 'fsync'],
    faults: [fail('EIO'), fail('ENOSPC'), fail('EDQUOT'), failFromThenOn('EIO'), delayed, killed],
  },
  {
    name: 'open',
    syscalls: ['open', 'openat'],
    faults: [fail('EIO'), fail('EMFILE'), fail('ENOSPC'), fail('EDQUOT'), failFromThenOn('EMFILE'), delayed, killed],
  },
  { name: 'rename', syscalls: ['rename', 'renameat', 'renameat2'], faults: [fail('EIO'), fail('ENOSPC'), fail('EDQUOT'), delayed, killed] },
  { name: 'unlink', syscalls: ['unlink', 'unlinkat'], faults: [fail('EIO'), fail('EBUSY'), delayed, killed] },
  { name: 'truncate', syscalls: ['ftruncate'], faults: [fail('EIO'), delayed, killed] },
  // Injected, it leaves the file open: the kernel itself closes it even where it says EIO.
  { name: 'close', syscalls: ['close'], faults: [fail('EIO'), delayed, killed] },
  { name: 'read', syscalls: ['pread64', 'preadv', 'preadv2'], faults: [fail('EIO'), delayed] },
  { name: 'list', syscalls: ['getdents64'], faults: [fail('EIO'), delayed] },
]

/** The arguments that have strace inject the fault at the n-th such call of each thread that is about one of the paths. */
export function injection(
  { syscalls }: Call,
  { tampering, fromThenOn }: SyscallFault,
  n: number,
  paths: readonly string[],
  log: string,
): string[] {
  // Not every architecture has every one of them.
  const names = syscalls.map((name) => `?${name}`).join(',')
  const when = fromThenOn ? `${n}+` : `${n}`
  // A signal can't be injected where the kernel filters which calls are traced.
  const filter = tampering.startsWith('signal') ? [] : ['--seccomp-bpf']
  return [
    'strace',
    '-f',
    ...filter,
    '-qq',
    '-o',
    log,
    '-e',
    `trace=${names}`,
    '-e',
    `inject=${names}:${tampering}:when=${when}`,
    ...paths.flatMap((path) => ['-P', path]),
  ]
}
