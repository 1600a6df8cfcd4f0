#!/usr/bin/env node
process.stdout.write('reeve: nothing to show yet\n');
