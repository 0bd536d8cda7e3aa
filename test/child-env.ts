/** The environment of a process that a test starts: none of the developer's settings, and the project as it is compiled already. */
export function childEnv(): NodeJS.ProcessEnv {
  const { PATH, NODE_COMPILE_CACHE, XDG_STATE_HOME } = process.env;
  return { PATH, NODE_COMPILE_CACHE, XDG_STATE_HOME };
}
