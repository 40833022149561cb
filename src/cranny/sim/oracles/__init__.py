"""Who watches the simulated world, and knows nothing of how the product comes to its decisions.

An oracle is fed with what is physically so (locks released, things put in and taken out), with the bytes on the
banks' disks the moment they are there, and with what the server's store holds. It reads these formats, and keeps
its own account of what may be.
"""
