// gallery/address.js: what is looked at, read from the address and written into it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { read, write } from "../../../assets/js/gallery/address.js";
import { often, standAt } from "./page.mjs";

const EMPTY = { q: "", in: "", bin: false, at: null, open: null };

test("an address of another tab says nothing of the gallery", () => {
  for (const address of ["/", "/#", "/#settings", "/#settings?q=fox", "/#gallery2?q=fox", "/?q=fox"]) {
    standAt(address);
    assert.equal(read(), null, address);
  }
});

test("the gallery's bare address says that nothing is chosen", () => {
  standAt("/#gallery");
  assert.deepEqual(read(), EMPTY);
});

test("an address tells the search, the collection, the bin, the place and the open job", () => {
  standAt("/#gallery?q=red+fox&in=c1&bin=1&at=1700000000000&open=j1");
  assert.deepEqual(read(), { q: "red fox", in: "c1", bin: true, at: "1700000000000", open: "j1" });
});

test("a place that is no number is no place, and a bin that is not 1 is no bin", () => {
  for (const at of ["", "-1", "1.5", "abc", "1e3", "123456789012345678901"]) {
    standAt(`/#gallery?at=${at}&bin=true`);
    assert.deepEqual(read(), EMPTY, at);
  }
});

test("what is written is read again, whatever the words", () => {
  often((made) => {
    const words = () => made.list(made.whole(0, 10), () => made.one([..."ab &=?#%+:\"'<>é雪🦊"])).join("");
    const state = {
      q: words(),
      in: made.one(["", "c1", words()]),
      bin: made.one([true, false]),
      at: made.one([null, String(made.whole(0, 2 ** 40))]),
      open: words() || null,
    };
    standAt("/");
    write(state);
    assert.deepEqual(read(), state);
  });
});

test("what is not chosen is left out of the address", () => {
  const written = standAt("/#gallery?q=fox&bin=1");
  write({ ...EMPTY, in: "c1" });
  write(EMPTY);
  assert.deepEqual(
    written.map(({ hash }) => hash),
    ["#gallery?in=c1", "#gallery"],
  );
});

test("the rest of the page's address stays", () => {
  standAt("/some/path?theme=dark#gallery");
  write({ ...EMPTY, q: "fox" });
  assert.equal(location.href, "http://studio.test/some/path?theme=dark#gallery?q=fox");
});

test("what others wrote behind the gallery's name stays, and what they wrote for another tab goes", () => {
  standAt("/#gallery?theirs=1&q=old&theirs=2");
  write({ ...EMPTY, q: "new" });
  assert.equal(location.hash, "#gallery?theirs=1&theirs=2&q=new");
  standAt("/#settings?theirs=1&q=old");
  write({ ...EMPTY, q: "new" });
  assert.equal(location.hash, "#gallery?q=new");
});

test("an address that says it already is not written again", () => {
  often((made) => {
    const state = { ...EMPTY, q: made.one(["", "red fox", "雪 & ice"]), bin: made.one([true, false]) };
    const written = standAt("/");
    write(state);
    write(state, { step: true });
    assert.equal(written.length, 1);
  }, 20);
});

test("only a step can be gone back over", () => {
  const written = standAt("/#gallery");
  write({ ...EMPTY, q: "a" });
  write({ ...EMPTY, q: "b" }, { step: true });
  assert.deepEqual(
    written.map(({ step }) => step),
    [false, true],
  );
});

test("who must not change the tab writes nothing while another one is open", () => {
  const written = standAt("/#settings");
  write({ ...EMPTY, q: "fox" }, { tab: false });
  assert.deepEqual(written, []);
  standAt("/#gallery");
  write({ ...EMPTY, q: "fox" }, { tab: false });
  assert.equal(location.hash, "#gallery?q=fox");
});
