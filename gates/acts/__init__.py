"""Human acts, each signed by the people whose act it is: waivers, attestations, explanations, change records and so on."""
