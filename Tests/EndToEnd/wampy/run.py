"""The `wampy` command: wampy 1.1.0 of PyPI builds the services it is told to run and forgets to start
them, with any router; its repository has the missing line. Everything else is as the package has it.
"""

import inspect

from wampy.cli import main, run


class Starting(run.AppRunner):
    """Starts each service when it is added."""

    def add_app(self, app):
        super().add_app(app)
        if len(self.apps) == 1:
            self.start()
        else:
            app.start()


if __name__ == "__main__":
    if "runner.start()" not in inspect.getsource(run.run):
        run.AppRunner = Starting
    main.main()
