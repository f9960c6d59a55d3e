/** A session on a connection that has as many as it may. No ssh2 in here. */

/** RFC 4254, 5.1: SSH_OPEN_CONNECT_FAILED. What OpenSSH answers where there are MaxSessions already. */
const CONNECT_FAILED = 2
/** Each answer took the way there and back, and the server a turn of its own: by then it has cleared up. */
const ASK_MAX = 5

/**
 * OpenSSH counts a session for as long as it has not cleared it away, and it reads all that has arrived before it does:
 * where the word that some are over and the wish for others come together, it refuses what it would have had room for.
 * A refused session was never begun, so it may be asked for again; the last refusal is passed on.
 */
export async function openSession<Channel>(open: () => Promise<Channel>): Promise<Channel> {
  for (let asked = 1; ; asked++) {
    try {
      return await open()
    } catch (error) {
      if (asked === ASK_MAX || !isFull(error)) throw error
    }
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'reason' in error && error.reason === CONNECT_FAILED
}
