import type { Location } from '@varve/core'

/** Something that takes items away: all that it covers, or none. */
export interface Removal {
  readonly words: string
  /** `open`: under way, or it ended in an error that leaves it open whether it took effect. */
  state: 'open' | 'done' | 'void'
  covers(location: Location): boolean
}

export function trimRemoval(side: 'left' | 'right', index: number, position: number): Removal {
  return {
    words: `${side === 'left' ? 'ltrim' : 'rtrim'} ${index}:${position}`,
    state: 'open',
    covers: (location) => location.index === index && location.position < position === (side === 'left'),
  }
}

export function dropRemoval(index: number): Removal {
  return { words: `drop ${index}`, state: 'open', covers: (location) => location.index === index }
}
