import { userInfo } from 'node:os'

/** Who runs this. Never throws: a container may run as a number without a name. `account`: as the system knows them. */
export function localUser(
  env: Readonly<Record<string, string | undefined>>,
  account: () => string = () => userInfo().username,
): string {
  try {
    return account()
  } catch {
    return env.USER || env.LOGNAME || `uid-${process.getuid?.() ?? 'unknown'}`
  }
}
