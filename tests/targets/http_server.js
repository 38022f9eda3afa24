// An HTTP server with timers: counts, keeps what it is given, and makes garbage when it is told to. Its port is in the file "ready".
const http = require('http');
const fs = require('fs');

const folder = process.argv[2];
const kept = new Map();
for (let i = 0; i < 50000; i++) kept.set(`key${i}`, `value of ${i}`);
let ticks = 0;
setInterval(() => ticks++, 5);

const answers = {
  ticks: () => `${ticks}`,
  count: () => `${kept.size}`,
  collect: () => `${Array.from({ length: 300000 }, (_, i) => ({ i })).length}`,
  get: (key) => kept.get(key) ?? 'none',
  put: (key, value) => { kept.set(key, value); return 'put'; },
  later: (text) => new Promise((done) => setTimeout(() => done(text), 300)),
  file: () => fs.promises.readFile(`${folder}/ready`, 'utf8'), // by a thread of the pool
};

const server = http.createServer(async (request, response) => {
  const [verb, ...rest] = request.url.slice(1).split('/');
  response.end(await answers[verb](...rest));
});
server.listen(0, '127.0.0.1', () => {
  fs.writeFileSync(`${folder}/ready.part`, `${server.address().port}`);
  fs.renameSync(`${folder}/ready.part`, `${folder}/ready`);
});
