"""The study: which protocol, and which safe function, trains recurrent networks with the fewest bytes?"""
