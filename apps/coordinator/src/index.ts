// One member of the ensemble as a process.
export {};
