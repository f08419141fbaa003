import { findTool, runTool } from './run-tool.js'

// FS_IOC_SHUTDOWN is _IOR('X', 125, __u32); 2 means that not even the journal is written out: all that is not on the medium is gone.
const code = '0x8004587d'
const argument = 2

/** The tools that can do it; Node has no ioctl. */
export const shutdownTools = ['python3', 'perl'] as const

/** Cuts a mounted file system off its medium, as a power cut does. Whoever uses it meets errors from here on, until it is unmounted. */
export function shutDown(path: string): void {
  if (findTool('perl')) {
    const script = `open(my $d, "<", $ARGV[0]) or opendir($d, $ARGV[0]) or die $!; my $a = pack("L", ${argument}); ioctl($d, ${code}, $a) or die $!`
    runTool('perl', '-e', script, path)
    return
  }
  const script = `import fcntl, os, struct, sys; fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), ${code}, struct.pack("I", ${argument}))`
  runTool('python3', '-c', script, path)
}
