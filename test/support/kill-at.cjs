// Loaded before a program with `node --require`: kills it by SIGKILL at its CED_KILL_ATth change of
// a file or folder below CED_KILL_BELOW. A file that it was about to write is half-written then.
const fs = require('node:fs');

const below = process.env.CED_KILL_BELOW;
let left = Number(process.env.CED_KILL_AT);

for (const name of ['mkdirSync', 'writeFileSync', 'renameSync', 'rmSync']) {
  const real = fs[name];
  fs[name] = (path, ...rest) => {
    if (String(path).startsWith(below) && left-- === 0) {
      const [content] = rest;
      if (name === 'writeFileSync') real(path, content.slice(0, content.length >> 1));
      process.kill(process.pid, 'SIGKILL');
    }
    return real(path, ...rest);
  };
}
