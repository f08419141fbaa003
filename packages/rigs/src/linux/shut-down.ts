import { findTool, runTool } from './run-tool.js'

// FS_IOC_SHUTDOWN is _IOR('X', 125, __u32); 2 means that not even the journal is written out: all that is not on the medium is gone.
const code = '0x8004587d'
const argument = 2

/** The tools that can do it; Node has no ioctl. */
export const shutdownTools = ['python3', 'perl'] as const

/**
 * Cuts a mounted file system off its medium, as a power cut does. Whoever uses it meets errors from here on, until it is unmounted. Gives the time at which it
 * began, in milliseconds since the Unix epoch: while it is under way the kernel now and then calls a sync done that is not, as a
 * loop of plain pwrite and fdatasync shows.
 */
export function shutDown(path: string): number {
  const [tool, ...script] = findTool('perl')
    ? [
        'perl',
        '-MTime::HiRes=time',
        '-e',
        `open(my $f, "<", $ARGV[0]) or die $!; my $a = pack("L", ${argument}); print time; ioctl($f, ${code}, $a) or die $!`,
      ]
    : [
        'python3',
        '-c',
        `import fcntl, os, struct, sys, time; f = os.open(sys.argv[1], os.O_RDONLY); print(time.time()); fcntl.ioctl(f, ${code}, struct.pack("I", ${argument}))`,
      ]
  // A time that is printed at once is not told before the end; this process waits for it.
  return Math.floor(Number(runTool(tool as string, ...script, path)) * 1000)
}
