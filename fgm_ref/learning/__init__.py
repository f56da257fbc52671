"""What learns: the cells, the model that is made of them, its gradients, the optimisers, and the k stacked learners."""
