import { configError } from '../config-error.ts';

const KEY_LENGTH_MAX = 512;
const NAME = /^(?!\.+$)[A-Za-z0-9._-]+$/;
/** Between the names of a key where it is the name of a znode; no name holds it. */
const JOINT = ':';

/** Checks a key, or the name of a tree of keys. @throws ConfigError `key_invalid` */
export function checkKey(key: string): string {
  const names = key.split('/');
  // `__proto__` is no name that an object can have without harm.
  const isLegal = names.every((name) => NAME.test(name) && name !== '__proto__');
  if (key.length > KEY_LENGTH_MAX || !isLegal) throw configError({ code: 'key_invalid', key });
  return key;
}

/** The first name of a key. All keys that begin alike are one scope: what is watched as one. */
export function scopeOf(key: string): string {
  const slash = key.indexOf('/');
  return slash === -1 ? key : key.slice(0, slash);
}

/** Whether `key` is `tree` itself or one of the keys below it. */
export function isWithin(key: string, tree: string): boolean {
  return key === tree || key.startsWith(`${tree}/`);
}

/** The name of a key's znode. */
export function nameOfKey(key: string): string {
  return key.replaceAll('/', JOINT);
}

/** The key of a znode's name. */
export function keyOfName(name: string): string {
  return name.replaceAll(JOINT, '/');
}
