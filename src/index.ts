/** What a configuration may import. Its types are written at build, from the descriptions of the keys. */

export function defineConfig<Config>(config: Config): Config {
  return config
}
