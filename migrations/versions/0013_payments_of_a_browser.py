"""Card payments know the browser that began them; what is counted before each one is found by indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("browser", sa.String(length=64), nullable=False, server_default=""))
        batch_op.drop_index("ix_payments_status")
        batch_op.create_index("ix_payments_status_updated_at", ["status", "updated_at"], unique=False)
        batch_op.create_index("ix_payments_created_at", ["created_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.drop_index("ix_payments_created_at")
        batch_op.drop_index("ix_payments_status_updated_at")
        batch_op.create_index("ix_payments_status", ["status"], unique=False)
        batch_op.drop_column("browser")
