// A worker as a process: runs what it is assigned.
export {};
