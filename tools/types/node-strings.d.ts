// Methods that every Buffer of Node has and @types/node leaves out. They decode and encode a range without the
// argument checks of toString and write, which cost as much as the work itself on strings as short as a path.
interface Buffer {
  latin1Slice(start?: number, end?: number): string;
  utf8Slice(start?: number, end?: number): string;
  latin1Write(text: string, offset?: number, length?: number): number;
  utf8Write(text: string, offset?: number, length?: number): number;
}
