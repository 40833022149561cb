"""What boards on a serial line have in common: the port and its one owner, requests in their order, frames found among
noise, polling, counting. A board adds what its bytes mean (`dialect.Dialect`)."""
