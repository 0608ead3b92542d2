"""What was made of packages, kept on disk between runs, so that a command on one small file need not make it again.

- `folder`: where it is kept, who may write there, and how much of it stays;
- `file`: one file of kept values, read value by value, written whole or not at all.

Whatever is kept can be made again, so nothing here is an error: a folder that cannot be written, a file that is
damaged, of another version or of another user only mean that work is done twice.
"""

from careloom.definitions.kept.file import KeptFile, Stamp, stamp_of
from careloom.definitions.kept.folder import FOLDER_VARIABLE, KeptFolder, default_folder

__all__ = ["FOLDER_VARIABLE", "KeptFile", "KeptFolder", "Stamp", "default_folder", "stamp_of"]
