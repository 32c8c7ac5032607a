"""What perf/compare and perf/agreement are made of, a file per idea:

machine     ports, quiet, locks, and what the machine is
servers     servers.json: is it installed, start it, stop it
generators  the load generators: one case of a scenario in, one result out
rounds      interleaved rounds, the only kind of run whose ratios mean something
table       results as Markdown
plot        results as SVG
"""
