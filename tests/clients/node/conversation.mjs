// What a script and the test that runs it say to each other: one line of JSON at a time, on stdin and stdout.
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function heard() {
  const { value, done } = await lines.next();
  return done ? undefined : JSON.parse(value);
}

function say(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

/** Sends the person's browser to `url`; returns the URL at which it came back to the client. */
export async function visit(url) {
  say({ visit: String(url) });
  return new URL((await heard()).landed);
}

/** Plays flow after flow, each by the story that a test tells; says what came of it, or what was objected. */
export async function play(flows) {
  for (let story = await heard(); story; story = await heard()) {
    try {
      say({ result: await flows[story.flow](story) });
    } catch (objection) {
      const { code, error, stack, cause } = objection;
      say({ objection: { code, error, stack, cause: String(cause?.stack ?? JSON.stringify(cause)) } });
    }
  }
}
