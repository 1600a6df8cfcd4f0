// A replica with sockets and a journal.
export {};
