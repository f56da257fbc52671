"""`python -m fgm_ref.mpi`: the demo's training, where the sites live in other processes and MPI is between them."""
