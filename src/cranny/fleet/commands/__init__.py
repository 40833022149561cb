"""Commands to banks: who asked, who confirmed, what became of it. Sent once, now or never; what nobody answered is
settled by the bank's journal and by nothing else."""
