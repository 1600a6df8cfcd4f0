// The domain of tasks: records, lifecycle, placement, retry, layout.
export {};
