// Entry point of `npm run bench`.
process.stdout.write('bench: no benchmark yet\n');
