import assert from "node:assert/strict";
import test from "node:test";
import { pathOf } from "../files/js/sparkline.js";

test("a sparkline's highest column is whole, and none is a pixel", () => {
  assert.equal(pathOf([0, 7, 14]), "M0 14v-1h3v1zM4 14v-8h3v8zM8 14v-14h3v14z");
  assert.equal(pathOf([0]), "M0 14v-1h3v1z");
});
