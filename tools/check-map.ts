process.stdout.write('check-map: not written yet\n');
