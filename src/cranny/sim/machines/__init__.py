"""The machines of a simulated world: banks with the real controller in them, their disks, and the network; and when
they fail."""
