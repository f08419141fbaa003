/** Where a container is, from the root on, as `/stores/blocks`: one container has one such path. `TypeError` for what is no path of a directory. */
export function containerPath(path: string): string {
  const segments = typeof path === 'string' ? path.split('/').filter((segment) => segment !== '') : []
  if (segments.length === 0 || segments.some((segment) => segment === '.' || segment === '..'))
    throw new TypeError(`the path is that of a directory, as 'blocks' or 'stores/blocks', not ${JSON.stringify(path)}`)
  return `/${segments.join('/')}`
}
