// Looks up the symbols of a shared library that it defines itself, once, where the dynamic linker
// would do so at each start of a process: TensorFlow's libraries have 500,000 such references.
// A reference becomes an address relative to the library, as if that had been linked with
// -Bsymbolic. It binds as before, provided that nothing that is searched earlier defines the
// symbol.
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { SetupError } from './tools.mjs';

/** Raise it when libraries come out otherwise. */
export const OWN_SYMBOLS_VERSION = 1;

// Names and sizes of ELF's 64-bit, little-endian format and of its supplement for x86-64.
const X86_64 = 62;
const [HEADER_BYTES, SECTION_BYTES, ENTRY_BYTES, DYNAMIC_BYTES] = [64, 64, 24, 16];
const [R_64, R_GLOB_DAT, R_JUMP_SLOT, R_RELATIVE] = [1, 6, 7, 8];
const DT_RELACOUNT = 0x6ffffff9;
const [STT_TLS, STT_GNU_IFUNC, STB_GNU_UNIQUE, SHN_LORESERVE] = [6, 10, 10, 0xff00];
/** Mangled names (Itanium C++ ABI) outside of `std` and `__gnu_cxx`; also of tables for classes. */
export const OUTSIDE_STD = /^_Z(?!(?:T[VTIS]|G[VR])?N?[VK]*(?:St|S[absiod]|9__gnu_cxx))/;

/**
 * Changes libraries in place.
 * @param {{ file: string, names?: RegExp }[]} libraries in the order in which the dynamic linker
 *   searches them; names: of the symbols that the program and its other libraries do not define
 */
export function bindOwnSymbols(libraries) {
  const earlier = new Set();
  for (const { file, names: allowed = /^/ } of libraries) {
    const fd = openSync(file, 'r+');
    try {
      const library = librarySections(fd, file);
      const { names, addresses } = symbolsOf(library, allowed);
      const own = addresses.map((address, index) => (earlier.has(names[index]) ? null : address));
      bindData(library, own);
      bindCalls(library, own);
      names.forEach((name, index) => addresses[index] !== null && earlier.add(name));
    } finally {
      closeSync(fd);
    }
  }
}

/** By name: the bytes of the sections that are read, and `write` for those that are changed. */
function librarySections(fd, file) {
  const read = (from, size) => {
    const bytes = Buffer.alloc(size);
    if (readSync(fd, bytes, 0, size, from) !== size) throw new SetupError(`${file} is cut off`);
    return bytes;
  };
  const header = read(0, HEADER_BYTES);
  if (header.toString('latin1', 0, 6) !== '\x7fELF\x02\x01' || header.readUInt16LE(18) !== X86_64)
    throw new SetupError(`${file} is no library for x86-64`);
  const table = read(word(header, 40), SECTION_BYTES * header.readUInt16LE(60));
  const sections = Array.from({ length: table.length / SECTION_BYTES }, (_, index) => {
    const entry = table.subarray(index * SECTION_BYTES);
    const [address, offset, size] = [word(entry, 16), word(entry, 24), word(entry, 32)];
    return { name: entry.readUInt32LE(0), address, offset, size };
  });
  const { offset: namesAt, size: namesSize } = sections[header.readUInt16LE(62)];
  const names = read(namesAt, namesSize);
  return (name) => {
    const found = sections.find((section) => textAt(names, section.name) === name);
    if (found === undefined) throw new SetupError(`${file} has no section ${name}`);
    const { address, offset, size } = found;
    const bytes = read(offset, size);
    return { address, bytes, write: () => writeSync(fd, bytes, 0, size, offset) };
  };
}

/** Of each symbol its name, and its address: null if another library must be asked for it. */
function symbolsOf(library, allowed) {
  const [{ bytes: table }, { bytes: texts }] = [library('.dynsym'), library('.dynstr')];
  const [names, addresses] = [[], []];
  for (let at = 0; at < table.length; at += ENTRY_BYTES) {
    const [info, section] = [table[at + 4], table.readUInt16LE(at + 6)];
    const isPlain = ![STT_TLS, STT_GNU_IFUNC].includes(info & 15) && info >> 4 !== STB_GNU_UNIQUE;
    const isDefined = section > 0 && section < SHN_LORESERVE;
    const name = textAt(texts, table.readUInt32LE(at));
    const isOwn = isPlain && isDefined && allowed.test(name);
    names.push(name);
    addresses.push(isOwn ? table.readBigUInt64LE(at + 8) : null);
  }
  return { names, addresses };
}

/** Pointers in data: their relocations become relative ones, which the linker expects in front. */
function bindData(library, own) {
  const relocations = library('.rela.dyn');
  const { bytes } = relocations;
  const [relative, others] = [[], []];
  for (let at = 0; at < bytes.length; at += ENTRY_BYTES) {
    const entry = Buffer.from(bytes.subarray(at, at + ENTRY_BYTES));
    const [type, address] = [entry.readUInt32LE(8), own[entry.readUInt32LE(12)]];
    if ((type === R_64 || type === R_GLOB_DAT) && address !== null) {
      entry.writeBigUInt64LE(BigInt(R_RELATIVE), 8);
      entry.writeBigInt64LE(address + entry.readBigInt64LE(16), 16);
      relative.push(entry);
    } else (type === R_RELATIVE ? relative : others).push(entry);
  }
  relative.sort((a, b) => word(a, 0) - word(b, 0));
  Buffer.concat([...relative, ...others]).copy(bytes);
  relocations.write();
  const dynamic = library('.dynamic');
  for (let at = 0; at < dynamic.bytes.length; at += DYNAMIC_BYTES)
    if (word(dynamic.bytes, at) === DT_RELACOUNT)
      dynamic.bytes.writeBigUInt64LE(BigInt(relative.length), at + 8);
  dynamic.write();
}

/**
 * Addresses of functions, which the linker looks up at their first calls. At the start it adds the
 * library's place to each of them, which point into the table of look-ups: now to the function.
 */
function bindCalls(library, own) {
  const { bytes } = library('.rela.plt');
  const table = library('.got.plt');
  for (let at = 0; at < bytes.length; at += ENTRY_BYTES) {
    const address = own[bytes.readUInt32LE(at + 12)];
    if (bytes.readUInt32LE(at + 8) === R_JUMP_SLOT && address !== null)
      table.bytes.writeBigUInt64LE(address, word(bytes, at) - table.address);
  }
  table.write();
}

function word(bytes, at) {
  return Number(bytes.readBigUInt64LE(at));
}

function textAt(bytes, at) {
  return bytes.toString('latin1', at, bytes.indexOf(0, at));
}
