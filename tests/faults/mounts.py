# SPDX-License-Identifier: LGPL-2.1-or-later
"""File systems of our own: a small one that can be full, and one that can become read-only."""

import os
import shutil
import subprocess
import tempfile
import unittest


def run(*command):
    """Runs what takes privileges that not every machine gives; skips where it does not work."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise unittest.SkipTest(f"{' '.join(command[:4])}: {done.stderr.strip()[:200]}")


def need(*programs):
    if os.geteuid() != 0:
        raise unittest.SkipTest("mounting needs root")
    for program in programs:
        if shutil.which(program) is None:
            raise unittest.SkipTest(f"{program} is not installed")


class Mount:
    """What is mounted at `path`, until remove()."""

    def __init__(self):
        need("mount", "umount")
        self.folder = tempfile.mkdtemp(prefix="rivulet-mount-")
        self.path = os.path.join(self.folder, "mounted")
        os.mkdir(self.path)

    def remove(self):
        # One that is held lies beneath another where the path was mounted a second time.
        while os.path.ismount(self.path):
            subprocess.run(["umount", "--lazy", self.path], stdin=subprocess.DEVNULL, check=True)
        shutil.rmtree(self.folder, ignore_errors=True)


class SmallDisk(Mount):
    """A tmpfs of some MiB."""

    def __init__(self, mib=16):
        super().__init__()
        try:
            run("mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", self.path)
        except unittest.SkipTest:
            self.remove()
            raise
        self.ballast = os.path.join(self.path, "ballast")

    def fill(self):
        """Takes all the room that there is."""
        with open(self.ballast, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass

    def empty(self):
        os.unlink(self.ballast)


class FailingDisk(Mount):
    """An ext4 in a file, that can be made to give up as after an error: it is read-only then."""

    def __init__(self, mib=16):
        super().__init__()
        need("mkfs.ext4")
        self.image = os.path.join(self.folder, "image")
        with open(self.image, "wb") as file:
            file.truncate(mib << 20)
        try:
            run("mkfs.ext4", "-q", "-F", self.image)
            self.mount()
        except unittest.SkipTest:
            self.remove()
            raise

    def mount(self):
        run("mount", "-o", "loop", self.image, self.path)

    def give_up(self):
        run("mount", "-o", "remount,abort", self.path)

    def mend(self):
        """Mounts what is on the disk anew; the one before stays with whoever still holds it."""
        subprocess.run(["umount", "--lazy", self.path], stdin=subprocess.DEVNULL, check=True)
        # Of one image, it would be the same file system again.
        shutil.copyfile(self.image, self.image + "-mended")
        self.image += "-mended"
        self.mount()
