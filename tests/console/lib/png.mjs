// A picture with few colours: of a page there are few, and the rest is the edges of letters. A fifth of the size, by nothing but zlib.
import { deflateSync, inflateSync } from "node:zlib";

const SIGNATURE = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);

/**
 * With at most 16 colours two pixels are in a byte, and the rows of a table so close to each other that the compression finds them to be alike.
 * @param {Buffer} png of 8 bits a channel and not interlaced, as browsers write them @param {number} colours at most 256
 */
export function reduced(png, colours) {
  const { width, height, channels, data } = parsed(png);
  const pixels = unfiltered(inflateSync(data), { width, height, channels });
  const palette = chosen(pixels, colours);
  const near = new Map(palette.map((colour, at) => [colour, at]));
  const bits = palette.length > 16 ? 8 : 4;
  const stride = 1 + Math.ceil((width * bits) / 8);
  const rows = Buffer.alloc(height * stride);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const colour = pixels[y * width + x];
      if (!near.has(colour)) near.set(colour, nearest(palette, colour));
      const at = /** @type {number} */ (near.get(colour));
      if (bits === 8) rows[y * stride + 1 + x] = at;
      else rows[y * stride + 1 + (x >> 1)] |= x % 2 === 0 ? at << 4 : at;
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([bits, 3, 0, 0, 0], 8);
  const table = Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  return Buffer.concat([SIGNATURE, chunk("IHDR", head), chunk("PLTE", table), chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND", Buffer.alloc(0))]);
}

function parsed(png) {
  const parts = [];
  let head = Buffer.alloc(0);
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    const [kind, body] = [png.toString("latin1", at + 4, at + 8), png.subarray(at + 8, at + 8 + length)];
    if (kind === "IHDR") head = body;
    if (kind === "IDAT") parts.push(body);
    at += 12 + length;
  }
  const channels = { 2: 3, 6: 4 }[head[9]];
  if (head[8] !== 8 || !channels || head[12] !== 0) throw new Error("This is no picture as browsers write them.");
  return { width: head.readUInt32BE(0), height: head.readUInt32BE(4), channels, data: Buffer.concat(parts) };
}

/** What a row differs by from the one above and from its left (the PNG specification, §9), put together again; as numbers 0xRRGGBB. */
function unfiltered(raw, { width, height, channels }) {
  const stride = width * channels;
  const pixels = new Uint32Array(width * height);
  let above = Buffer.alloc(stride);
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (stride + 1)];
    const row = raw.subarray(y * (stride + 1) + 1, (y + 1) * (stride + 1));
    for (let at = 0; at < stride; at += 1) {
      const left = at >= channels ? row[at - channels] : 0;
      row[at] += predicted(filter, left, above[at], at >= channels ? above[at - channels] : 0);
    }
    for (let x = 0; x < width; x += 1) pixels[y * width + x] = (row[x * channels] << 16) | (row[x * channels + 1] << 8) | row[x * channels + 2];
    above = row;
  }
  return pixels;
}

function predicted(filter, left, up, corner) {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

/** Of those that are frequent the ones that the others stand for least: a badge is small, and its colour is what it says. @param {Uint32Array} pixels @param {number} most */
function chosen(pixels, most) {
  const counts = new Map();
  for (const colour of pixels) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const found = [...counts].sort((one, other) => other[1] - one[1]).slice(0, 600).map(([colour, count]) => ({ colour, weight: Math.sqrt(count), away: Infinity }));
  const taken = [];
  while (taken.length < Math.min(most, found.length)) {
    const next = found.reduce((best, one) => (taken.length === 0 || one.weight * one.away > best.weight * best.away ? one : best), found[0]);
    if (taken.length > 0 && next.away === 0) break;
    taken.push(next.colour);
    for (const one of found) one.away = Math.min(one.away, Math.sqrt(distance(one.colour, next.colour)));
  }
  return taken;
}

function nearest(palette, colour) {
  let best = 0;
  for (let at = 1; at < palette.length; at += 1) if (distance(palette[at], colour) < distance(palette[best], colour)) best = at;
  return best;
}

const distance = (one, other) => ((one >> 16) - (other >> 16)) ** 2 + (((one >> 8) & 255) - ((other >> 8) & 255)) ** 2 + ((one & 255) - (other & 255)) ** 2;

/** The remainders of all bytes (the PNG specification, annex D): `zlib.crc32` is not in every Node that runs this. */
const REMAINDERS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest >>> 0;
});

const crc32 = (bytes) => (bytes.reduce((sum, byte) => REMAINDERS[(sum ^ byte) & 255] ^ (sum >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;

function chunk(kind, body) {
  const named = Buffer.concat([Buffer.from(kind, "latin1"), body]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}
