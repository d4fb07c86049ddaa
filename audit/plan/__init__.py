"""What is measured where: configurations, engines, devices. Knows nothing of results."""
