"""The people of a simulated world, and what befalls their bank. They use it through its screen and its doors."""
