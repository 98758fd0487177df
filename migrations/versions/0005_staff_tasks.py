"""The staff's tasks; the request of an audit entry, and what the audit log is looked through by."""

import sqlalchemy as sa
from alembic import op

from shop.db import UtcDateTime

revision = '0005'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    integer = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table('staff_tasks',
    sa.Column('id', integer, nullable=False),
    sa.Column('public_id', sa.String(length=40), nullable=False),
    sa.Column('kind', sa.String(length=80), nullable=False),
    sa.Column('form_key', sa.String(length=64), nullable=False),
    sa.Column('parameters', sa.JSON(), nullable=False),
    sa.Column('subject_ids', sa.JSON(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('total_count', integer, nullable=False),
    sa.Column('done_count', integer, nullable=False),
    sa.Column('failed_count', integer, nullable=False),
    sa.Column('report', sa.JSON(), nullable=False),
    sa.Column('user_id', integer, nullable=True),
    sa.Column('address', sa.String(length=64), nullable=False),
    sa.Column('request_id', sa.String(length=64), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('started_at', UtcDateTime(), nullable=True),
    sa.Column('finished_at', UtcDateTime(), nullable=True),
    sa.Column('lease_until', UtcDateTime(), nullable=True),
    sa.Column('asked_at', UtcDateTime(), nullable=True),
    sa.CheckConstraint("status IN ('queued', 'running', 'done', 'failed')", name=op.f('ck_staff_tasks_status')),
    sa.CheckConstraint('done_count >= 0 AND failed_count >= 0 AND done_count + failed_count <= total_count', name=op.f('ck_staff_tasks_counts_add_up')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_staff_tasks_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_staff_tasks')),
    sa.UniqueConstraint('form_key', name=op.f('uq_staff_tasks_form_key')),
    sa.UniqueConstraint('public_id', name=op.f('uq_staff_tasks_public_id'))
    )
    op.create_index('ix_staff_tasks_status', 'staff_tasks', ['status', 'id'])
    op.create_index('ix_staff_tasks_created_at', 'staff_tasks', ['created_at'])
    # Never by a batch: that makes the table anew, and the triggers that keep it append-only are lost with the old one.
    op.add_column('audit_entries', sa.Column('request_id', sa.String(length=64), nullable=False, server_default=''))
    op.create_index(op.f('ix_audit_entries_request_id'), 'audit_entries', ['request_id'])
    op.create_index('ix_audit_entries_user_id', 'audit_entries', ['user_id', 'id'])
    op.create_index('ix_audit_entries_action', 'audit_entries', ['action', 'id'])


def downgrade() -> None:
    op.drop_index('ix_audit_entries_action', table_name='audit_entries')
    op.drop_index('ix_audit_entries_user_id', table_name='audit_entries')
    op.drop_index(op.f('ix_audit_entries_request_id'), table_name='audit_entries')
    op.execute('ALTER TABLE audit_entries DROP COLUMN request_id')
    op.drop_table('staff_tasks')
