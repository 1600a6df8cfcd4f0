process.stdout.write('check-style: not written yet\n');
