/**
 * The same object, but for `hook`: it runs behind each call of one asynchronous method, before the caller sees the
 * answer. So a test has its turn at a moment that would otherwise be a matter of chance.
 */
export function behind<T extends object>(target: T, method: keyof T, hook: (...args: unknown[]) => unknown): T {
  return new Proxy(target, {
    get(_target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (name !== method) return value.bind(target);
      return async (...args: unknown[]) => {
        const answer: unknown = await value.apply(target, args);
        await hook(...args);
        return answer;
      };
    },
  });
}
